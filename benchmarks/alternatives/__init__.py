"""The risk model beside the alternatives: same patients, same folds, same budget, all figures kept.

make benchmarks                          # environment, cells that are missing, tables, figures
python -m benchmarks.alternatives --help
"""
