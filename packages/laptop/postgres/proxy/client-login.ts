import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { BrokenFrame, type Frame, FrameReader, frame, int32, readText } from '../frames.ts';
import type { ScramVerifier } from '../scram.ts';

const MECHANISM = 'SCRAM-SHA-256';

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest();
const md5 = (...parts: (string | Buffer)[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash('md5')).digest('hex');

/** Plays the server's part of SCRAM-SHA-256 (RFC 5802, RFC 7677); false when the proof is wrong. */
export async function checkScram(stream: Socket, verifier: ScramVerifier): Promise<boolean> {
  stream.write(frame('R', int32(10), MECHANISM, Buffer.from([0])));
  const initial = (await readPasswordMessage(stream)).body;
  const mechanism = readText(initial);
  if (mechanism.text !== MECHANISM) throw new BrokenFrame('client selected an invalid SASL authentication mechanism');
  const first = initial.subarray(mechanism.next + 4).toString('utf8');
  const parts = /^([ny],,)(n=[^,]*,r=([\x21-\x2b\x2d-\x7e]+).*)$/.exec(first);
  if (!parts) throw new BrokenFrame('malformed SCRAM message');
  const [, header = '', bare = '', clientNonce = ''] = parts;
  const nonce = clientNonce + randomBytes(18).toString('base64');
  const challenge = `r=${nonce},s=${verifier.salt.toString('base64')},i=${verifier.iterations}`;
  stream.write(frame('R', int32(11), Buffer.from(challenge)));
  const last = (await readPasswordMessage(stream)).body.toString('utf8');
  const [, withoutProof = '', proofText = ''] = /^(.*),p=([^,]+)$/.exec(last) ?? [];
  if (withoutProof !== `c=${Buffer.from(header).toString('base64')},r=${nonce}`) return false;
  const exchanged = `${bare},${challenge},${withoutProof}`;
  const proof = Buffer.from(proofText, 'base64');
  const signature = hmac(verifier.storedKey, exchanged);
  if (proof.length !== signature.length) return false;
  const clientKey = Buffer.from(signature.map((byte, index) => byte ^ proof[index]!));
  const storedKey = createHash('sha256').update(clientKey).digest();
  if (!timingSafeEqual(storedKey, verifier.storedKey)) return false;
  const answer = `v=${hmac(verifier.serverKey, exchanged).toString('base64')}`;
  stream.write(frame('R', int32(12), Buffer.from(answer)));
  return true;
}

/** PostgreSQL's md5 authentication, for proxies configured with POSTGRES_MD5. */
export async function checkMd5(stream: Socket, user: string, password: string): Promise<boolean> {
  const salt = randomBytes(4);
  stream.write(frame('R', int32(5), salt));
  const { text } = readText((await readPasswordMessage(stream)).body);
  const expected = Buffer.from(`md5${md5(md5(password, user), salt)}`);
  const given = Buffer.from(text);
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** One message of a client that has to wait for our answer before it sends another. */
function readPasswordMessage(stream: Socket): Promise<Frame> {
  const reader = new FrameReader();
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      stream.pause();
      stream.off('data', onData).off('close', onClose);
      act();
    };
    const onClose = () => settle(() => reject(new Error('the client left while it logged in')));
    const onData = (chunk: Buffer) => {
      try {
        const [message, ...more] = reader.push(chunk);
        if (!message) return;
        if (message.type !== 'p' || more.length > 0) throw new BrokenFrame('expected password response');
        settle(() => resolve(message));
      } catch (error) {
        settle(() => reject(error));
      }
    };
    stream.on('data', onData).on('close', onClose);
    stream.resume();
  });
}
