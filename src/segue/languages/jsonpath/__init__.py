"""JSONPath as Step Functions reads it: Jayway's rules, compiled to closures."""

from segue.languages.jsonpath.path import InvalidPath, NotWritable, Path, PathNotFound, compile_path

__all__ = ["InvalidPath", "NotWritable", "Path", "PathNotFound", "compile_path"]
