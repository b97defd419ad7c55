BEGIN TRANSACTION;
CREATE TABLE chunks (id TEXT PRIMARY KEY, paper_id TEXT NOT NULL, content TEXT NOT NULL, first INTEGER NOT NULL,
                     last INTEGER NOT NULL, text TEXT NOT NULL, hash BLOB NOT NULL);
INSERT INTO "chunks" VALUES('lamps:0','lamps','c1d77fa23d0cee09e1b0fd8f339e7172ae',0,5,'Stree',X'9AA528B82B3C0CA134945C5D6937E204');
INSERT INTO "chunks" VALUES('fruit:0','fruit','c191a02a0aad7a31402271682e4db909f3',0,5,'Stree',X'9AA528B82B3C0CA134945C5D6937E204');
CREATE TABLE listings (source TEXT, paper_id TEXT, record TEXT NOT NULL, PRIMARY KEY (source, paper_id)) WITHOUT ROWID;
INSERT INTO "listings" VALUES('catalogue','fruit','{"abstract": "Street lamps waste power when nobody walks below them. LanternNet dims 340 lamps by learning from footsteps. It cut the energy used in Ghent by 27.5% over 12 weeks.", "author_count": null, "authors": [], "id": "fruit", "organisation": null, "published": null, "sources": ["catalogue"], "title": "Fruit", "url": null}');
INSERT INTO "listings" VALUES('catalogue','lamps','{"abstract": "Street lamps waste power when nobody walks below them. LanternNet dims 340 lamps by learning from footsteps. It cut the energy used in Ghent by 27.5% over 12 weeks.", "author_count": null, "authors": [], "id": "lamps", "organisation": null, "published": null, "sources": ["catalogue"], "title": "Lamps", "url": null}');
INSERT INTO "listings" VALUES('page','lamps','{"abstract": "Street lamps waste power when nobody walks below them. LanternNet dims 340 lamps by learning from footsteps. It cut the energy used in Ghent by 27.5% over 12 weeks.", "author_count": null, "authors": [], "id": "lamps", "organisation": null, "published": null, "sources": ["page"], "title": "Lamps", "url": null}');
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO "meta" VALUES('revision','2');
CREATE TABLE papers (id TEXT PRIMARY KEY, title TEXT NOT NULL, published TEXT, sources TEXT NOT NULL,
                     content TEXT NOT NULL, record TEXT NOT NULL);
INSERT INTO "papers" VALUES('lamps','Lamps',NULL,'["catalogue", "page"]','d77fa23d0cee09e1b0fd8f339e7172ae','{"abstract": "Street lamps waste power when nobody walks below them. LanternNet dims 340 lamps by learning from footsteps. It cut the energy used in Ghent by 27.5% over 12 weeks.", "author_count": null, "authors": [], "id": "lamps", "organisation": null, "published": null, "sources": ["catalogue", "page"], "title": "Lamps", "url": null}');
INSERT INTO "papers" VALUES('fruit','Fruit',NULL,'["catalogue"]','91a02a0aad7a31402271682e4db909f3','{"abstract": "Street lamps waste power when nobody walks below them. LanternNet dims 340 lamps by learning from footsteps. It cut the energy used in Ghent by 27.5% over 12 weeks.", "author_count": null, "authors": [], "id": "fruit", "organisation": null, "published": null, "sources": ["catalogue"], "title": "Fruit", "url": null}');
CREATE TABLE vectors (hash BLOB, embedder TEXT, vector BLOB NOT NULL, PRIMARY KEY (hash, embedder)) WITHOUT ROWID;
INSERT INTO "vectors" VALUES(X'9AA528B82B3C0CA134945C5D6937E204','tiny',X'9A99193FCDCC4C3F');
CREATE INDEX listings_of ON listings (paper_id);
CREATE INDEX chunks_of ON chunks (paper_id);
COMMIT;
PRAGMA user_version = 1;
