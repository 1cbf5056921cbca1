-- Make every frame due to be looked at for merged pairs.
DELETE FROM related_frame;
