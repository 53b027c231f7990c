def run(options): return []
