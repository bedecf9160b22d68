"""The archive of recorded facts: Parquet in a folder, one set of files per type of event and one of the exact bytes of all records.

```
index.jsonl                                                           what belongs to the archive: the only file that is ever replaced
records/county=330127000000/month=2025-03/registry-…parquet           every record: its exact bytes, hash, known day
registry_entity_registered/county=330127000000/year=2025/…parquet     what the records of one type say, column by column
```

`month` and `year` are those of recording (of the known day, Asia/Shanghai): the records by month, because they are many and a month that
is over never changes again; what one type says by year, because a county records some eighty facts of a type a month. A set has the
columns of `sets`. Corrections and voids are sets like any other and hold what their records say: which fact they amend is found by
whoever reads, by service, source and id, because an amendment may be written long after its fact. Files are never changed: small ones are
merged into others, and the index, which moves last, says which there are.
"""
