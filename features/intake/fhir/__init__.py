"""Patients from health records: FHIR R4 Bundles and ndjson exports."""
