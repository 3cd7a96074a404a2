-- The same of what is not delivered.
ALTER TABLE undelivered
    ADD COLUMN digest CHAR(64) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD COLUMN id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
    DROP PRIMARY KEY,
    ADD PRIMARY KEY (id),
    ADD UNIQUE INDEX by_record (target, stream, digest)
