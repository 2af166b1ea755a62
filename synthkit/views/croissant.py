"""A card as Croissant 1.0 with the fields for responsible AI: what dataset searches and auditors read by machine."""

from __future__ import annotations

import hashlib
import re

from datasets import Dataset

FORMATS = ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"]
_KINDS = {"int64": "sc:Integer", "string": "sc:Text"}
_TERMS = "citeAs column equivalentProperty extract field fileProperty fileObject fileSet format includes isLiveDataset "
_TERMS += "jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate separator source "
_TERMS += "subField transform"
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    **{term: f"cr:{term}" for term in _TERMS.split()},
}


def croissant(facts: dict, rows: Dataset, columns: dict[str, str], path: str, data: bytes, said: dict) -> dict:
    """Return the Croissant description (Akhtar et al. 2024, arXiv 2403.19546) of rows in one Parquet file.

    `columns` says what each column is, `said` what the card says of limits, personal data and how rows were made.
    """
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"rows/{name}",
            "name": f"rows/{name}",
            "description": columns.get(name, name),
            "dataType": _KINDS.get(kind.dtype, "sc:Text"),
            "source": {"fileObject": {"@id": "train"}, "extract": {"column": name}},
        }
        for name, kind in rows.features.items()
    ]
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": FORMATS,
        "name": re.sub(r"[^\w-]+", "-", facts["title"]).strip("-") or "synthetic-rows",
        "description": said["description"],
        "license": facts["licence"],
        "version": "1.0.0",
        "inLanguage": facts["task"]["language"],
        "isLiveDataset": False,
        "citeAs": said["citation"],
        "keywords": ["synthetic", "text classification", "synthkit"],
        "rai:dataCollection": said["made"],
        "rai:dataCollectionType": ["Synthetically generated" if facts["model"] != "ngram" else "Derived from seeds"],
        "rai:dataAnnotationProtocol": said["labels"],
        "rai:machineAnnotationTools": [facts["made"]["model"]],
        "rai:dataPreprocessingProtocol": said["filters"],
        "rai:dataUseCases": facts["intended_use"],
        "rai:dataLimitations": said["limits"],
        "rai:dataBiases": said["bias"],
        "rai:personalSensitiveInformation": said["personal"],
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "train",
                "name": "train",
                "contentUrl": path,
                "encodingFormat": "application/x-parquet",
                "sha256": hashlib.sha256(data).hexdigest(),
            }
        ],
        "recordSet": [{"@type": "cr:RecordSet", "@id": "rows", "name": "rows", "field": fields}],
    }
