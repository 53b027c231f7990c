"""The exchange (中心交换) between a public site of its own and the inside: applications in, feedback out (docs/exchange.md).

`outer` runs beside the public pages on a database of its own; `inner` runs beside the services and opens every connection.
"""
