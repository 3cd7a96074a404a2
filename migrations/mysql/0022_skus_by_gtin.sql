ALTER TABLE skus ADD INDEX by_gtin (gtin)
