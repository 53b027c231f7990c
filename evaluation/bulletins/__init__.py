"""月通报, the monthly bulletin: figures of a month frozen, written as an official paper, issued, published, compared later."""
