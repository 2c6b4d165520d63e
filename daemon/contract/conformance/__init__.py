"""What the public assessment (特定個人情報保護評価書) asks, line by line, and what carries it here."""
