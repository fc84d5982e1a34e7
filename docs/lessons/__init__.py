"""Five short lessons for students. Every number on a page is computed when it is built.

`make lessons` builds all pages. A lesson is a module with a function `lesson()`; its words stand in
templates/, in English and Chinese, and the program that a reader can paste stands in examples/.
"""
