"""督办单, 监察建议书, 整改建议书 and 书面批评: drafted, approved, issued with a number, reminded of, replied to, reviewed."""
