-- By what tells a record from every other of its stream: a sequence number is one record's within its shard only. What an
-- older release put aside has no digest.
ALTER TABLE quarantine
    ADD COLUMN digest CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    DROP PRIMARY KEY,
    ADD PRIMARY KEY (id),
    DROP INDEX by_id,
    ADD UNIQUE INDEX by_record (stream, digest)
