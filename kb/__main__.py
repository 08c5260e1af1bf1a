"""`python -m kb` is the same program as `kb`."""

from kb.shadowing import leave_working_folder

leave_working_folder()

from kb.cli.__main__ import main  # noqa: E402 # not before the working folder is left

if __name__ == "__main__":
    main()
