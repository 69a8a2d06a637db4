/** A `pg` pool on a rotating secret, and the TLS that it connects with, for connections of one's own. */
export { databaseTls } from './database-tls.ts';
export { RotatingPool, type RotatingPoolOptions } from './rotating-pool.ts';
