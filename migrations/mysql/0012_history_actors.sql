-- Which one of the actors of that kind, as the issuer of tokens calls them.
ALTER TABLE history
    ADD COLUMN actor_id VARCHAR(128) CHARACTER SET ascii COLLATE ascii_bin NULL
