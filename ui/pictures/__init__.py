"""Pictures of papers as SVG with their text: papers by year or month, and the map of topics. They need no script."""
