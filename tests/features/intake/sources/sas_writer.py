"""A SAS file (.sas7bdat) as ReadStat writes it: pyreadstat ships the writer without a function."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pandas as pd
from pyreadstat import _readstat_writer

_STRING, _DOUBLE = 0, 5
_Writer = ctypes.CFUNCTYPE(ctypes.c_ssize_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)


def write_sas7bdat(table: pd.DataFrame, path: Path, formats: dict[str, str] | None = None) -> None:
    """Numbers (NaN is missing) and texts; ``formats`` of columns, such as DATE9."""
    library = ctypes.CDLL(_readstat_writer.__file__)
    library.readstat_writer_init.restype = ctypes.c_void_p
    library.readstat_add_variable.restype = ctypes.c_void_p
    with path.open("wb") as file:

        def write(data: int, length: int, _: object) -> int:
            return file.write(ctypes.string_at(data, length))

        callback = _Writer(write)
        writer = ctypes.c_void_p(library.readstat_writer_init())
        library.readstat_set_data_writer(writer, callback)
        variables = {}
        for name in table:
            texts = [str(one).encode() for one in table[name]]
            is_text = table[name].dtype.kind not in "iufb"
            width = max(map(len, texts)) if is_text else 8
            kind = _STRING if is_text else _DOUBLE
            one = library.readstat_add_variable(
                writer, str(name).encode(), kind, ctypes.c_size_t(width)
            )
            variables[name] = ctypes.c_void_p(one)
            if formats and name in formats:
                library.readstat_variable_set_format(variables[name], formats[str(name)].encode())
        assert library.readstat_begin_writing_sas7bdat(writer, None, ctypes.c_long(len(table))) == 0
        for row in table.itertuples(index=False):
            library.readstat_begin_row(writer)
            for variable, cell in zip(variables.values(), row, strict=True):
                if isinstance(cell, str):
                    library.readstat_insert_string_value(writer, variable, cell.encode())
                elif pd.isna(cell):
                    library.readstat_insert_missing_value(writer, variable)
                else:
                    library.readstat_insert_double_value(writer, variable, ctypes.c_double(cell))
            assert library.readstat_end_row(writer) == 0
        assert library.readstat_end_writing(writer) == 0
        library.readstat_writer_free(writer)
