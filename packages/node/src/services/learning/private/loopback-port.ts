import { accept, type DeviceId, type MessagePort, type Result, refuse } from '@murmuration/core';

type Handler = (from: DeviceId, bytes: Uint8Array) => Promise<Result<Uint8Array>>;

/** A port on which a device reaches itself too: who sums its group up is also one of its members. */
export function loopbackPort(port: MessagePort): MessagePort {
  const own = new Map<string, Handler>();
  return {
    self: port.self,
    peers: () => port.peers(),
    send: (to, topic, bytes) => port.send(to, topic, bytes),
    broadcast: (topic, bytes) => port.broadcast(topic, bytes),
    onMessage: (topic, handler) => port.onMessage(topic, handler),
    onPeer: (listener) => port.onPeer(listener),
    onRequest: (topic, handler) => {
      own.set(topic, handler);
      port.onRequest(topic, handler);
    },
    request: async (to, topic, bytes, options) => {
      if (to !== port.self) return port.request(to, topic, bytes, options);
      const handler = own.get(topic);
      if (handler === undefined) return refuse('no-handler');
      // Never within the step that sends.
      await Promise.resolve();
      const answer = await handler(to, bytes);
      return answer.ok ? accept(answer.value) : refuse('refused');
    },
  };
}
