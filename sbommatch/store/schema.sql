-- The feed database. A file is written once and never changed; `schema_number` is raised with every change of this page.
-- Keys compare as bytes; `lo <= key AND key < hi` is the whole of a range. b'' is below and 'ff' above every key.

CREATE TABLE meta (
    schema_number INTEGER NOT NULL,
    key_format INTEGER NOT NULL,            -- sbommatch.versions.scheme.KEY_FORMAT of the writer
    digest VARCHAR NOT NULL,                -- SHA-256 over schema number, key format and the sorted snapshot digests
    built_at TIMESTAMP NOT NULL,            -- UTC
    tool_version VARCHAR NOT NULL
);

CREATE TABLE snapshot (                     -- one state of one feed, as it was loaded
    snapshot_id INTEGER NOT NULL,           -- counts up with captured_at within a feed
    feed VARCHAR NOT NULL,
    captured_at TIMESTAMP,                  -- UTC; NULL: neither the user nor the feed states it
    sha256 VARCHAR NOT NULL,                -- over names and digests of its files, sorted
    url VARCHAR,
    covers VARCHAR[] NOT NULL,              -- namespaces it speaks for, sorted
    completeness VARCHAR NOT NULL,          -- full, fixes_only, partial
    proof VARCHAR NOT NULL,
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

CREATE TABLE advisory (
    advisory_id INTEGER NOT NULL,
    feed VARCHAR NOT NULL,
    record_id VARCHAR NOT NULL,             -- the feed's own identifier
    record_sha256 VARCHAR NOT NULL,
    withdrawn VARCHAR,                      -- RFC 3339; NULL: stands
    published VARCHAR,
    modified VARCHAR,
    summary VARCHAR NOT NULL,
    links VARCHAR[] NOT NULL,
    related VARCHAR[] NOT NULL,
    severities STRUCT("system" VARCHAR, "value" VARCHAR, source VARCHAR, score DOUBLE, level VARCHAR)[] NOT NULL,
    first_snapshot INTEGER NOT NULL,
    last_snapshot INTEGER                   -- NULL while it stands
);

CREATE TABLE identifier (                   -- a vulnerability group: identifiers of the same flaw, at most one CVE among them
    group_id INTEGER NOT NULL,
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
    pkg_id INTEGER NOT NULL,                -- numbered in the order of (namespace, name), so that a namespace is contiguous
    namespace VARCHAR NOT NULL,
    name VARCHAR NOT NULL                   -- normalised as sbommatch.ecosystems does
);

CREATE TABLE affected (                     -- sorted by pkg_id, lo, hi
    pkg_id INTEGER NOT NULL,
    advisory_id INTEGER NOT NULL,
    scheme VARCHAR NOT NULL,
    name_kind VARCHAR NOT NULL,             -- source, binary, self
    lo BLOB,                                -- NULL with `hi`: only `compare` places the row, by `events`, or `listed` alone matches
    hi BLOB,
    listed VARCHAR,                         -- a version that matches by its text only
    raw VARCHAR NOT NULL,                   -- the range as the feed says it
    events VARCHAR,                         -- for `compare`: JSON [[kind, version], …], of the whole range on its first row
    unplaced BOOLEAN NOT NULL,              -- nobody knows of the versions from `lo` to `hi`: a bound is no version of the scheme
    rule VARCHAR,                           -- a named rule of the format or scheme that made the row
    state VARCHAR NOT NULL,                 -- affected, not_affected
    fix_state VARCHAR NOT NULL,             -- fixed, not_fixed, wont_fix, eol, unknown
    fix VARCHAR,                            -- the version that ends the interval
    arch VARCHAR,
    module VARCHAR,
    channel VARCHAR,
    match_hash UBIGINT NOT NULL,            -- over what decides matching: changes of it are changes of answers
    meta_hash UBIGINT NOT NULL,             -- over the rest
    first_snapshot INTEGER NOT NULL,
    last_snapshot INTEGER                   -- NULL while it stands
);
