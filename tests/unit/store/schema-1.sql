-- evidence.db as its first schema wrote it: kept to test the way forward.
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE root (id TEXT PRIMARY KEY, description TEXT, sequence INTEGER NOT NULL DEFAULT 0,
  last INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE TABLE package (key INTEGER PRIMARY KEY REFERENCES name, root TEXT NOT NULL,
  ecosystem TEXT NOT NULL, release TEXT, name TEXT NOT NULL, version TEXT, arch TEXT, source TEXT,
  source_version TEXT, path TEXT, runtimes INTEGER NOT NULL, stale INTEGER NOT NULL,
  not_evaluated TEXT, installed INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL);
CREATE INDEX package_root ON package (root, installed);
CREATE TABLE workload (id INTEGER NOT NULL REFERENCES name, root TEXT NOT NULL,
  kind INTEGER NOT NULL, name TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  running INTEGER NOT NULL, processes INTEGER NOT NULL, unreadable INTEGER NOT NULL,
  runtimes INTEGER NOT NULL,
  exposed INTEGER NOT NULL, exposed_after INTEGER NOT NULL, exposed_since INTEGER NOT NULL,
  exposed_engine TEXT, exposed_reason TEXT,
  privileged INTEGER NOT NULL, privileged_after INTEGER NOT NULL, privileged_since INTEGER NOT NULL,
  privileged_engine TEXT, privileged_reason TEXT, PRIMARY KEY (id, root)) WITHOUT ROWID;
CREATE TABLE instance (workload INTEGER NOT NULL, root TEXT NOT NULL, text TEXT NOT NULL,
  last INTEGER NOT NULL, PRIMARY KEY (workload, root, text)) WITHOUT ROWID;
CREATE TABLE evidence (workload INTEGER NOT NULL, package INTEGER NOT NULL, kind INTEGER NOT NULL,
  subject INTEGER NOT NULL, object INTEGER NOT NULL, engine INTEGER NOT NULL, pid INTEGER NOT NULL,
  first INTEGER NOT NULL, last INTEGER NOT NULL, after INTEGER NOT NULL, stale INTEGER NOT NULL,
  PRIMARY KEY (workload, package, kind, subject, object, engine)) WITHOUT ROWID;
CREATE INDEX evidence_package ON evidence (package, kind);
CREATE INDEX evidence_object ON evidence (object);
CREATE TABLE coverage (id INTEGER PRIMARY KEY, workload INTEGER NOT NULL, root TEXT NOT NULL,
  runtime INTEGER NOT NULL, engine TEXT, reason TEXT, since INTEGER NOT NULL,
  until INTEGER NOT NULL, gaps TEXT);
CREATE INDEX coverage_place ON coverage (workload, root, runtime, until);
INSERT INTO meta VALUES ('host_name', 'old'), ('time', '1000');
INSERT INTO name VALUES (1, 'host|Debian:12|libx1|1.0-1|amd64|'), (2, 'systemd:a.service'), (3, '/usr/lib/libx.so.1'),
  (4, ''), (5, 'mapped');
INSERT INTO package VALUES (1, 'host', 'Debian', '12', 'libx1', '1.0-1', 'amd64', 'x', '1.0-1', NULL, 1, 0, NULL, 1,
  1000, 1000);
INSERT INTO workload VALUES (2, 'host', 1, 'a', 900, 1000, 1, 1, 0, 1, 0, 0, 0, NULL, 'x', 0, 0, 0, NULL, 'x');
INSERT INTO evidence VALUES (2, 1, 1, 3, 4, 5, 7, 1000, 1000, 900, 0);
PRAGMA application_id = 1433625975;
PRAGMA user_version = 1;
