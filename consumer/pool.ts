/** A `pg` pool on a rotating secret. */
export { RotatingPool, type RotatingPoolOptions } from './rotating-pool.ts';
