-- When a record lost its content: it can no more be redriven, so it waits for nobody, and is not counted.
ALTER TABLE quarantine
    ADD COLUMN emptied_at DATETIME(6) NULL,
    ADD INDEX by_emptying (emptied_at, first_seen_at)
