"""What was recorded and what is done with it: segments, gaps, clips of evidence, incidents marked by hand, random looks
(抽查).
"""
