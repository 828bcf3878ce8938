"""Scoring a population, batch by batch: bounded memory, every row accounted for, resumable.

Two seams for what comes from elsewhere: `source.Source` hands over numbered batches of raw rows,
and `batch.score_batch`, pure, turns raw rows into scored ones and rejects.
"""
