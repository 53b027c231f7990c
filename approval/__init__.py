"""审批业务平台: cases this program handles itself, from the application to the licence.

Every act is an event of the journal, so a hosted case is supervised by the code that supervises those of other systems.
"""
