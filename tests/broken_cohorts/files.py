"""Files and columns that are broken."""

from __future__ import annotations

import gzip

import zstandard

from tests.broken_cohorts.sound import (
    Broken,
    N,
    as_numbers,
    cut_parquet,
    put,
    with_cell,
    with_column,
)

FILES = (
    Broken(
        "missing file",
        ("nowhere.csv", "is not there", "data/raw"),
        map=put("file", value="nowhere.csv"),
    ),
    Broken("empty file", ("is empty", "Export"), data=lambda d: b""),
    Broken("only blank lines", ("is empty",), data=lambda d: b"\n\n  \n"),
    Broken("header only", ("header but no rows",), data=lambda d: d.split(b"\n")[0] + b"\n"),
    Broken("truncated gzip", ("truncated", "Copy it again"), data=lambda d: gzip.compress(d)[:-30]),
    Broken(
        "truncated zstd", ("truncated", "Copy it again"), data=lambda d: zstandard.compress(d)[:-30]
    ),
    Broken("damaged Parquet", ("damaged Parquet",), data=cut_parquet),
    Broken("Excel file called csv", ("Excel", "Save it as CSV"), data=lambda d: b"PK\x03\x04" + d),
    Broken(
        "old Excel file", ("old Excel", "Save it as CSV"), data=lambda d: b"\xd0\xcf\x11\xe0" + d
    ),
    Broken("PDF", ("PDF",), data=lambda d: b"%PDF-1.7" + d),
    Broken("error page saved as csv", ("web page",), data=lambda d: b"<!DOCTYPE html><p>502"),
    Broken("JSON", ("JSON", "Save it as CSV"), data=lambda d: b'[{"age": 61}]'),
    Broken("binary junk", ("binary",), data=lambda d: bytes(range(1, 256)) * 20),
    Broken("NUL bytes", ("NUL", "line 3"), data=lambda d: d.replace(b"\n00001", b"\n\x000001")),
    Broken(
        "Git LFS pointer",
        ("Git LFS pointer",),
        data=lambda d: b"version https://git-lfs.github.com/spec/v1",
    ),
    Broken("unsupported delimiter", ("delimiter", "commas"), data=lambda d: d.replace(b",", b"^")),
    Broken(
        "lone quotation mark",
        ("quotation mark",),
        data=lambda d: d.replace(b"\n00150,", b'\n"00150,'),
    ),
    Broken("ragged row", ("cells", "row 4"), data=lambda d: d.replace(b"\n00002,", b"\n00002,9,")),
    Broken("short row", ("cells", "row 202"), data=lambda d: d + b"00999,61\n"),
    Broken(
        "column twice", ("age", "more than one column"), data=lambda d: d.replace(b"chol", b"age")
    ),
    Broken("no header", ("where the names",), data=lambda d: b"1,2,3\n4,5,6\n"),
    Broken(
        "no header, mostly words",
        ("where the names",),
        data=lambda d: b"Ann,f,no,never,white\nBea,f,no,former,black\nCid,m,yes,never,white\n",
    ),
    Broken(
        "title above the header",
        ("begins with a title", "Delete what stands above"),
        data=lambda d: b"Calcium clinic, export\n" + d,
    ),
    Broken("claims UTF-16", ("UTF-16",), data=lambda d: b"\xff\xfe" + b"\x00\xd8"),
)

COLUMNS = (
    Broken(
        "missing column",
        ("chol", "is not a column", "Correct the name"),
        lambda t: t.drop(columns="chol"),
    ),
    Broken(
        "misspelt column",
        ("chol", "did you mean 'cholx'"),
        lambda t: t.rename(columns={"chol": "cholx"}),
    ),
    Broken(
        "mmol/L declared mg/dL",
        ("chol", "mg/dL", "can only be mmol/L", "unit: mmol/L"),
        with_column("chol", lambda t: (as_numbers(t, "chol") / 38.67).round(2).astype(str)),
    ),
    Broken("text in a number", ("age", "text where a number", "1 row"), with_cell("age", "sixty")),
    Broken("text in every cell", ("age", "text in every cell"), with_cell("age", "adult", N, 0)),
    Broken(
        "decimal comma in a quoted csv",
        ("sbp", "decimal: ','"),
        with_column("sbp", lambda t: t["sbp"] + ",5"),
    ),
    Broken("thousands separator", ("cac", "text where a number"), with_cell("cac", "1,234")),
    Broken("infinite value", ("chol", "infinite"), with_cell("chol", "inf")),
    Broken("below the plausible range", ("age", "outside 18 to 110 years"), with_cell("age", "3")),
    Broken(
        "above the plausible range", ("sbp", "systolic_bp outside", "mmHg"), with_cell("sbp", "900")
    ),
    Broken("code 999 for missing", ("chol", "outside", "20 rows"), with_cell("chol", "9999", 20)),
    Broken(
        "unseen category in one row",
        ("sex", "does not know", "codes", "1 row"),
        with_cell("sex", "x"),
    ),
    Broken(
        "unseen category in many rows",
        ("sex", "1 code that the map does not know", "30 rows"),
        with_cell("sex", "diverse", 30),
        limit=0.5,
    ),
    Broken(
        "yes/no with a third code", ("diabetes", "does not know"), with_cell("diabetes", "2", 30)
    ),
    Broken("spreadsheet error", ("hdl", "spreadsheet error"), with_cell("hdl", "#REF!")),
    Broken("column of #N/A", ("hdl", "text in every cell"), with_cell("hdl", "#N/A", N, 0)),
)
