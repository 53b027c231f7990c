"""Video supervision (视频监察) of hall windows: cameras, live pictures, analysis, recordings, evidence."""
