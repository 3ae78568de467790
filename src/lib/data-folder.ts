/** Names of what lies in `DATA_DIR`. */
export const SECRET_FILE = 'secret';
export const SQLITE_FILE = 'parvis.sqlite';
