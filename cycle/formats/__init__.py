"""How days and numbers look and are typed: the same in every language of the product."""
