"""The public service platform (公共服务平台): plain pages under /public/ for applicants, and nothing a member of staff uses."""
