"""The boosted part of a margin: XGBoost trees."""
