"""What goes where and in which words: pure, checked when the destination file is loaded."""
