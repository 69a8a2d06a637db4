import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { Cloud } from '../../cloud.ts';
import { type Authorities, type Certificate, createAuthorities } from '../../postgres/certificates.ts';

const ADDRESSES_TRIED = 64;

/**
 * Host names and certificates of one cloud's endpoints. Every endpoint has an address of its own, since clients compare
 * hosts (a rotation must not go to another instance).
 */
export class Endpoints {
  readonly caBundlePath: string;
  readonly #cloud: Cloud;
  readonly authorities: Promise<Authorities>;
  #next = 1;

  constructor(cloud: Cloud) {
    this.#cloud = cloud;
    this.caBundlePath = join(cloud.directory, 'rds-ca-bundle.pem');
    mkdirSync(cloud.directory, { recursive: true });
    // Certificates are judged by the client's wall clock, not by the cloud's.
    this.authorities = createAuthorities().then((authorities) => {
      writeFileSync(this.caBundlePath, authorities.caBundlePem);
      return authorities;
    });
    this.authorities.catch(() => undefined); // the caller that opens an endpoint meets the error
  }

  /**
   * Opens a door on an address of its own, at PostgreSQL's usual port: a proxy's port is not among what AWS describes,
   * everybody takes it to be 5432. Addresses where it is taken are passed over (another laptop cloud may run). Where the
   * system has only 127.0.0.1 (macOS), or a server listens at that port of all addresses, any free port has to do.
   */
  async open<Door>(
    kind: 'instance' | 'proxy',
    port: number,
    start: (at: { host: string; port: number; certificate: Certificate }) => Promise<Door>,
  ): Promise<Door> {
    const authorities = await this.authorities;
    const certificateFor = (host: string) =>
      authorities[kind].issue({ hosts: [host, `${kind}-${randomUUID()}.${this.#cloud.region}.rds.amazonaws.com`] });
    for (let attempt = 0; attempt < ADDRESSES_TRIED; attempt += 1) {
      const host = `127.0.${Math.floor(this.#next / 250)}.${(this.#next % 250) + 1}`;
      this.#next += 1;
      if (!(await canListen(host, port))) continue;
      try {
        return await start({ host, port, certificate: await certificateFor(host) });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
      }
    }
    const host = (await canListen('127.0.0.2', 0)) ? '127.0.0.2' : '127.0.0.1';
    this.#cloud.log(
      `Port ${port} is free on none of ${ADDRESSES_TRIED} loopback addresses: an RDS endpoint opens on a port of ${host} instead.`,
    );
    return start({ host, port: 0, certificate: await certificateFor(host) });
  }
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}
