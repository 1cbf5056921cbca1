-- Stars stand from now on where their detections of tonight have moved them.
-- needs sought, judged
UPDATE sought
SET ux = j.ux, uy = j.uy, uz = j.uz, spread = greatest(sought.spread, j.spread), reach = j.reach
FROM judged AS j
WHERE j.object_id = sought.object_id AND j.is_settled;
