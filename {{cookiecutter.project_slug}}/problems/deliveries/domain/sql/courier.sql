-- courier: one row per courier and handover, as of the moment it became known. News of an earlier one is no news.
SELECT
    carried_by AS courier,
    known_at AS event_timestamp,
    CAST(number AS DOUBLE) AS last_lateness,
    known_at AS last_handover_at
FROM (
    SELECT
        *,
        MAX(handed_over_at) OVER (PARTITION BY carried_by ORDER BY known_at RANGE UNBOUNDED PRECEDING) AS newest_at,
        ROW_NUMBER() OVER (PARTITION BY carried_by, known_at ORDER BY handed_over_at DESC, number DESC) AS copy_of_news
    FROM handovers_versions
) AS news
WHERE handed_over_at = newest_at AND copy_of_news = 1
