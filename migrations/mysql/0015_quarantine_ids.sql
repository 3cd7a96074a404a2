-- A short id for whoever decides about a record, and room for the sequence numbers of Kinesis (at most 129 digits).
ALTER TABLE quarantine
    MODIFY COLUMN sequence_number VARCHAR(129) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
    ADD COLUMN id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    ADD UNIQUE INDEX by_id (id)
