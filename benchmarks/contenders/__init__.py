"""Other ways to do the same job, each as a competent user of that tool would write it."""
