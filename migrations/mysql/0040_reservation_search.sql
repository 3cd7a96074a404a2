-- How staff find a hold: by its pick-up code, or by the last digits of the telephone number, which stand first here.
ALTER TABLE reservations
    ADD COLUMN pickup_code CHAR(6) CHARACTER SET ascii COLLATE ascii_bin NOT NULL DEFAULT '',
    ADD COLUMN phone_reversed VARCHAR(32) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD INDEX by_pickup_code (store_id, pickup_code, reservation_id),
    ADD INDEX by_phone (store_id, phone_reversed, reservation_id)
