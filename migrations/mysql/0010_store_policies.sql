-- In the form that the command API takes them.
ALTER TABLE stores
    DROP COLUMN hold_minutes,
    ADD COLUMN opening_hours JSON NULL,
    ADD COLUMN hold_policy JSON NULL
