"""Performance scoring (绩效评估): schemes over figures and cards, published, appealed, frozen with their evidence."""
