-- The feed database. A file is written once and never changed; `schema_number` is raised with every change of this page.
-- Keys compare as bytes; `lo <= key AND key < hi` is the whole of a range. b'' is below and 'ff' above every key.
-- A row stood from its `first_snapshot` to its `last_snapshot`, both of its feed; NULL while it stands. As of a moment those rows stand
-- that stood in the newest snapshot that each feed had by then.

CREATE TABLE meta (
    schema_number INTEGER NOT NULL,
    key_format INTEGER NOT NULL,            -- sbommatch.versions.scheme.KEY_FORMAT of the writer
    digest VARCHAR NOT NULL,                -- SHA-256 over schema number, key format and the sorted snapshot digests
    built_at TIMESTAMP NOT NULL,            -- UTC, like all times
    tool_version VARCHAR NOT NULL,
    sorted_rows BIGINT NOT NULL             -- so many rows of `affected` lie sorted; what later updates brought lies behind
);

CREATE TABLE snapshot (                     -- one state of one feed, as it was loaded
    snapshot_id INTEGER NOT NULL,           -- from 1 without gaps; counts up with time within a feed
    feed VARCHAR NOT NULL,
    captured_at TIMESTAMP,                  -- NULL: neither the user nor the feed states it
    loaded_at TIMESTAMP NOT NULL,           -- counts as of a moment where `captured_at` is not known
    sha256 VARCHAR NOT NULL,                -- over names and digests of its files, sorted
    url VARCHAR,
    ecosystems VARCHAR[] NOT NULL,          -- the namespaces that were asked for; empty: all
    covers VARCHAR[] NOT NULL,              -- namespaces it speaks for, sorted
    completeness VARCHAR NOT NULL,          -- full, fixes_only, partial
    proof VARCHAR NOT NULL,
    reader VARCHAR NOT NULL,                -- digest of the code that read it: another one may make other rows of the same files
    advisories INTEGER NOT NULL,            -- records read, withdrawn ones among them
    affected INTEGER NOT NULL,              -- rows of `affected`
    withdrawn INTEGER NOT NULL,             -- advisories withdrawn
    enrichments INTEGER NOT NULL,           -- rows of `enrichment`
    end_of_life INTEGER NOT NULL,           -- rows of `end_of_life`
    unkeyed INTEGER NOT NULL,               -- rows with a bound that has no key
    refused INTEGER NOT NULL,               -- records that could not be read
    git_ranges INTEGER NOT NULL,            -- ranges of commits, set aside
    unordered INTEGER NOT NULL              -- ranges whose events had to be sorted
);

CREATE TABLE advisory (                     -- a version of a record
    advisory_id INTEGER NOT NULL,           -- the record's: the same in all of its versions
    feed VARCHAR NOT NULL,
    record_id VARCHAR NOT NULL,             -- the feed's own identifier
    record_sha256 VARCHAR NOT NULL,
    withdrawn VARCHAR,                      -- RFC 3339; NULL: stands
    published VARCHAR,
    modified VARCHAR,
    summary VARCHAR NOT NULL,
    links VARCHAR[] NOT NULL,
    aliases VARCHAR[] NOT NULL,             -- identifiers of the same vulnerability
    cves VARCHAR[] NOT NULL,                -- every CVE that it covers
    related VARCHAR[] NOT NULL,             -- other identifiers that it names, `upstream` among them
    severities STRUCT("system" VARCHAR, "value" VARCHAR, source VARCHAR, score DOUBLE, level VARCHAR)[] NOT NULL,
    match_hash UBIGINT NOT NULL,            -- over what decides matching, its rows and whether it is withdrawn: equal, nothing changed
    meta_hash UBIGINT NOT NULL,             -- over the rest but `modified`
    file VARCHAR,                           -- the file of the snapshot that it is all of; NULL: there is none such
    file_crc32 UINTEGER,                    -- an update does not read again a file of the same name, checksum and size
    file_bytes UINTEGER,
    git_ranges USMALLINT NOT NULL,          -- as counted in `snapshot`
    unordered USMALLINT NOT NULL,
    first_snapshot INTEGER NOT NULL,
    last_snapshot INTEGER
);

CREATE TABLE identifier (                   -- a vulnerability group: identifiers of the same flaw, at most one CVE among them
    group_id INTEGER NOT NULL,              -- of the records that stand; as of another moment groups are made from what stood then
    id VARCHAR NOT NULL,
    display BOOLEAN NOT NULL                -- the one that findings are called by: the CVE, else the GHSA, else the feed's own
);

CREATE TABLE advisory_group (               -- a record that names several CVEs is in several groups
    advisory_id INTEGER NOT NULL,
    group_id INTEGER NOT NULL
);

CREATE TABLE enrichment (                   -- what a feed says of a vulnerability without naming a package; joins its group by `id`
    id VARCHAR NOT NULL,
    feed VARCHAR NOT NULL,
    kev_added VARCHAR,                      -- YYYY-MM-DD, like all dates here; NULL: not in the catalog
    kev_due VARCHAR,
    kev_ransomware BOOLEAN,
    epss_score DOUBLE,                      -- 0 to 1
    epss_percentile DOUBLE,
    epss_date VARCHAR,
    severities STRUCT("system" VARCHAR, "value" VARCHAR, source VARCHAR, score DOUBLE, level VARCHAR)[],    -- NULL: none
    first_snapshot INTEGER NOT NULL,
    last_snapshot INTEGER
);

CREATE TABLE end_of_life (                  -- until when releases of distributions are maintained
    namespace VARCHAR NOT NULL,
    feed VARCHAR NOT NULL,
    until VARCHAR NOT NULL,
    what VARCHAR NOT NULL,                  -- which support ends: standard, lts, esm; empty: the last one
    first_snapshot INTEGER NOT NULL,
    last_snapshot INTEGER
);

CREATE TABLE package (
    pkg_id INTEGER NOT NULL,                -- numbered in the order of (namespace, name), those of later updates after them
    namespace VARCHAR NOT NULL,
    name VARCHAR NOT NULL                   -- normalised as sbommatch.ecosystems does
);

CREATE TABLE affected_row (                 -- sorted by pkg_id, lo, hi as far as `meta.sorted_rows` says; see `affected`
    pkg_id INTEGER NOT NULL,
    advisory_id INTEGER NOT NULL,
    scheme VARCHAR NOT NULL,
    name_kind VARCHAR NOT NULL,             -- source, binary, self
    lo BLOB,                                -- NULL with `hi`: only `compare` places the row, by `events`, or `listed` alone matches
    hi BLOB,
    listed VARCHAR,                         -- a version that matches by its text only
    unplaced BOOLEAN NOT NULL,              -- nobody knows of the versions from `lo` to `hi`: a bound is no version of the scheme
    state VARCHAR NOT NULL,                 -- affected, not_affected
    arch VARCHAR,
    module VARCHAR,
    channel VARCHAR,
    raw VARCHAR,                            -- the range as the feed says it; NULL: plain, everything below `fix`
    events VARCHAR,                         -- for `compare`: JSON [[kind, version], …], of the whole range on its first row
    rule VARCHAR,                           -- a named rule of the format or scheme that made the row
    fix_state VARCHAR NOT NULL,             -- fixed, not_fixed, wont_fix, eol, unknown
    fix VARCHAR,                            -- the version that ends the interval
    first_snapshot INTEGER NOT NULL,
    last_snapshot INTEGER
);

CREATE VIEW affected AS                     -- the same with what plain rows leave out: eight of ten rows, and a third of the file
SELECT * REPLACE (
    coalesce(raw, '<' || fix) AS raw,
    CASE WHEN raw IS NULL THEN '[["introduced","0"],["fixed","' || fix || '"]]' ELSE events END AS events
) FROM affected_row;
