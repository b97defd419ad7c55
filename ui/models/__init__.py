"""Who answers: the models that can be chosen, and the endpoints that a page may name."""
