"""The risk model for scikit-learn: a table in, an estimator, a model folder out."""
