"""What the plan asks for and where each figure stands against it: plan file, roster, status."""
