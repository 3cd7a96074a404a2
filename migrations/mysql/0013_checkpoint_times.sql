-- Of the last record applied: when it was made, to the second or so, and when it was applied.
ALTER TABLE checkpoints
    ADD COLUMN event_at DATETIME(6) NULL,
    ADD COLUMN applied_at DATETIME(6) NULL
