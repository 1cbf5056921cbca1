-- Mark runs that never said how they ended: their process was killed.
UPDATE run
SET state = 'interrupted', message = 'the process was killed'
WHERE state = 'running';
