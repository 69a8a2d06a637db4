/** A `pg` pool whose login rotates, and its TLS options for other clients. */
export { databaseTls } from './database-tls.ts';
export { RotatingPool, type RotatingPoolOptions } from './rotating-pool.ts';
