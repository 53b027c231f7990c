"""Patrol (发牌巡检): issued cards recomputed from the journal, and what no longer agrees reported."""
