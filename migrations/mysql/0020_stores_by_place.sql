-- Eighths of a degree: about 14 km from south to north, so a search of 20 km reads four ranges of longitudes.
ALTER TABLE stores
    ADD COLUMN latitude_band SMALLINT GENERATED ALWAYS AS (FLOOR(latitude * 8)) STORED,
    ADD INDEX by_place (brand, latitude_band, longitude, latitude)
