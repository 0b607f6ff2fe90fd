// Runs in each page before the page's own code: records what the page opens, and inspects what it shows.
{
	const probe = {
		/** Everything that the page ever opened, the newest last. */
		sockets: [],
		connections: [],
		userMediaCalls: 0,
		/** The messages on the WebSockets, parsed. */
		sent: [],
		received: [],
		/** Called with each of them before the page gets it. */
		hear() {},
	};
	window.probe = probe;

	window.WebSocket = class extends WebSocket {
		constructor(...args) {
			super(...args);
			probe.sockets.push(this);
			this.madeAt = performance.now();
			this.addEventListener('message', ({ data }) => {
				probe.received.push(JSON.parse(data));
				probe.hear(probe.received.at(-1));
			});
		}

		send(data) {
			probe.sent.push(JSON.parse(data));
			super.send(data);
		}
	};

	window.RTCPeerConnection = class extends RTCPeerConnection {
		constructor(...args) {
			super(...args);
			this.number = Math.random(); // to recognise it; pages without HTTPS have no randomUUID
			probe.connections.push(this);
		}
	};

	// Pages without HTTPS have no devices.
	if (window.MediaDevices) {
		const { getUserMedia } = MediaDevices.prototype;
		MediaDevices.prototype.getUserMedia = function (...args) {
			probe.userMediaCalls++;
			return getUserMedia.apply(this, args);
		};
		// Chromium's fake dialog requires no gesture; the real one does.
		const { getDisplayMedia } = MediaDevices.prototype;
		MediaDevices.prototype.getDisplayMedia = async function (...args) {
			if (!navigator.userActivation.isActive) throw new DOMException('without a gesture', 'InvalidStateError');
			return getDisplayMedia.apply(this, args);
		};
	}

	/** A request by hand over the page's own WebSocket; answers with the server's message. */
	probe.request = (method, data) =>
		new Promise((resolve, reject) => {
			const socket = probe.sockets.at(-1);
			const id = 20_000_000 + probe.sent.length; // above those that protoo-client draws
			socket.addEventListener('message', function listener({ data: text }) {
				const message = JSON.parse(text);
				if (!message.response || message.id !== id) return;
				socket.removeEventListener('message', listener);
				resolve(message);
			});
			socket.addEventListener('close', () => reject(new Error('the WebSocket closed')));
			socket.send(JSON.stringify({ request: true, id, method, data }));
		});

	/** What the server answered to the page's requests of a method. */
	probe.answers = (method) => {
		const ids = new Set(probe.sent.filter((m) => m.request && m.method === method).map(({ id }) => id));
		return probe.received.filter((m) => m.response && ids.has(m.id)).map(({ data }) => data);
	};

	/** SRTP cipher and state of each PeerConnection that is in use. */
	probe.transports = async () => {
		const transports = [];
		for (const connection of probe.connections) {
			for (const entry of (await connection.getStats()).values()) {
				if (entry.type !== 'transport' || connection.connectionState === 'closed') continue;
				const { bytesSent, bytesReceived, srtpCipher, dtlsState } = entry;
				transports.push({ bytesSent, bytesReceived, srtpCipher, dtlsState });
			}
		}
		return transports;
	};

	/**
	 * Widths in which the camera is sent now, the smallest first: of simulcast, or of spatial layers, which VP9's encoder
	 * never makes narrower than 240.
	 */
	probe.sentWidths = async () => {
		const reports = await Promise.all(
			probe.connections.map(async (connection) => [...(await connection.getStats()).values()]),
		);
		const sent = reports
			.flat()
			.filter(({ type, kind, framesPerSecond }) => type === 'outbound-rtp' && kind === 'video' && framesPerSecond > 0);
		const widths = sent.flatMap(({ frameWidth, scalabilityMode }) => {
			const layers = Number(/^L([23])/.exec(scalabilityMode)?.[1] ?? 1);
			const all = [frameWidth / 4, frameWidth / 2, frameWidth].slice(-layers);
			return layers > 1 ? all.filter((width) => width >= 240) : all;
		});
		return widths.sort((a, b) => a - b);
	};

	/** Counts of the one video that this page sends (outbound-rtp) or gets (inbound-rtp). */
	probe.frames = async (direction) => {
		const reports = await Promise.all(
			probe.connections.map(async (connection) => [...(await connection.getStats()).values()]),
		);
		const { framesSent, framesReceived, framesDecoded, keyFramesDecoded } = reports
			.flat()
			.find(({ type, kind }) => type === direction && kind === 'video');
		return { framesSent, framesReceived, framesDecoded, keyFramesDecoded };
	};

	/** The current frame of a peer: a hash, its brightness from 0 to 255, and how much that varies. */
	probe.picture = (peerId) => {
		const video = document.querySelector(`video[data-peer-id="${peerId}"]`);
		if (!video || video.hidden || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
		const canvas = new OffscreenCanvas(160, 90);
		const context = canvas.getContext('2d', { willReadFrequently: true });
		context.drawImage(video, 0, 0, canvas.width, canvas.height);
		const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
		let hash = 0;
		let sum = 0;
		let squares = 0;
		for (let i = 0; i < data.length; i += 4) {
			const luma = 0.3 * data[i] + 0.59 * data[i + 1] + 0.11 * data[i + 2];
			hash = (Math.imul(hash, 31) + Math.round(luma)) | 0;
			sum += luma;
			squares += luma * luma;
		}
		const count = data.length / 4;
		const mean = sum / count;
		return { hash, mean, deviation: Math.sqrt(squares / count - mean * mean), width: video.videoWidth };
	};

	/** A person who sways in front of a coloured wall. */
	const paint = (context, colour, turn) => {
		const { width, height } = context.canvas;
		context.fillStyle = colour;
		context.fillRect(0, 0, width, height);
		const light = context.createRadialGradient(width / 2, height / 2, 40, width / 2, height / 2, width / 2);
		light.addColorStop(0, 'rgb(255 255 255 / 0.35)');
		light.addColorStop(1, 'rgb(255 255 255 / 0)');
		context.fillStyle = light;
		context.fillRect(0, 0, width, height);
		const x = width / 2 + 14 * Math.sin(turn / 20);
		const y = height / 2 + 4 * Math.sin(turn / 7);
		context.fillStyle = '#2b3440';
		context.beginPath();
		context.ellipse(x, height + 30, 150, 170, 0, 0, 7);
		context.fill();
		context.fillStyle = '#f0cfae';
		context.beginPath();
		context.ellipse(x, y + 12, 26, 50, 0, 0, 7);
		context.ellipse(x, y - 30, 54, 68, 0, 0, 7);
		context.fill();
		context.fillStyle = '#4a3524';
		context.beginPath();
		context.ellipse(x, y - 62, 60, 44, 0, 3.1, 6.4);
		context.fill();
	};

	/**
	 * Replaces the camera's video by a drawing of 640 × 360, 15 times a second. turn: 0, 1, 2 …
	 * once: the encoder gets each frame once; a canvas's own stream repeats its newest one when a sink starts or is set up again.
	 */
	probe.drawCamera = (draw, { once = false } = {}) => {
		const { getUserMedia } = MediaDevices.prototype;
		MediaDevices.prototype.getUserMedia = async function (constraints) {
			const stream = await getUserMedia.call(this, constraints);
			for (const track of stream.getVideoTracks()) {
				const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
				const context = canvas.getContext('2d');
				const camera = once
					? new MediaStreamTrackGenerator({ kind: 'video' })
					: canvas.captureStream().getVideoTracks()[0];
				const writer = once && camera.writable.getWriter();
				let turn = 0;
				setInterval(() => {
					draw(context, turn++);
					if (once) writer.write(new VideoFrame(canvas, { timestamp: performance.now() * 1000 }));
				}, 66);
				stream.removeTrack(track);
				stream.addTrack(camera);
			}
			return stream;
		};
	};

	/** Shows a person in front of a wall of this colour. */
	probe.paintCamera = (colour) => probe.drawCamera((context, turn) => paint(context, colour, turn));

	/**
	 * Replaces the microphone by a generated voice: silence, until probe.voice's gain and frequency are set, on its
	 * context's clock.
	 */
	probe.ownVoice = () => {
		const { getUserMedia } = MediaDevices.prototype;
		MediaDevices.prototype.getUserMedia = async function (constraints) {
			const stream = await getUserMedia.call(this, constraints);
			for (const track of stream.getAudioTracks()) {
				const context = new AudioContext({ sampleRate: 48000 });
				const oscillator = new OscillatorNode(context, { frequency: 220 });
				const gain = new GainNode(context, { gain: 0 });
				const out = new MediaStreamAudioDestinationNode(context, { channelCount: 1 });
				oscillator.connect(gain).connect(out);
				oscillator.start();
				probe.voice = { context, frequency: oscillator.frequency, gain: gain.gain };
				track.stop();
				stream.removeTrack(track);
				stream.addTrack(out.stream.getAudioTracks()[0]);
			}
			return stream;
		};
	};

	/** Shares a slide instead of a screen. */
	probe.paintScreen = () => {
		MediaDevices.prototype.getDisplayMedia = async () => {
			const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 });
			const context = canvas.getContext('2d');
			const bars = [34, 46, 41, 58, 67, 74, 88];
			let turn = 0;
			setInterval(() => {
				context.fillStyle = '#fbfaf7';
				context.fillRect(0, 0, 1280, 720);
				context.fillStyle = '#1f2a33';
				context.font = '600 54px sans-serif';
				context.fillText('Visitors a week', 96, 130);
				context.font = '26px sans-serif';
				context.fillText('Seven weeks since the opening', 96, 180);
				for (const [i, value] of bars.entries()) {
					context.fillStyle = i === bars.length - 1 ? '#0f7264' : '#9fc7bf';
					context.fillRect(110 + i * 155, 620 - value * 4, 100, value * 4);
				}
				context.fillStyle = '#1f2a33';
				context.fillRect(96, 620, 1090, 3);
				context.fillRect(1180, 690, 4 + (turn++ % 2), 4); // unchanged frames are not sent
			}, 200);
			return canvas.captureStream();
		};
	};

	/** The text of a page, which both ends can draw: dark on white, in lines of 24 pixels. */
	const PAGE = { width: 1280, height: 720, margin: 60, column: 760, line: 24, bits: 8, bit: 16 };
	const WORDS =
		'a shared screen keeps every letter readable while the link carries less than one would like and the page goes on'.split(
			' ',
		);
	const drawText = (context, number) => {
		const { width, height, margin, line } = PAGE;
		context.fillStyle = '#fff';
		context.fillRect(0, 0, width, height);
		context.fillStyle = '#1a1a1a';
		context.font = '16px sans-serif';
		let random = number + 1;
		for (let y = margin; y < height - margin; y += line) {
			let text = '';
			while (context.measureText(text).width < PAGE.column - 120) {
				random = (Math.imul(random, 1664525) + 1013904223) >>> 0;
				text += `${WORDS[(random >>> 16) % WORDS.length]} `;
			}
			context.fillText(text, margin, y);
		}
		// Its number, to be read later.
		for (let i = 0; i < PAGE.bits; i++) {
			context.fillStyle = number & (1 << i) ? '#000' : '#fff';
			context.fillRect(margin + i * PAGE.bit, 8, PAGE.bit, PAGE.bit);
		}
	};

	/**
	 * Shares a page of text instead of a screen, with the timing of a real screen: 30 frames a second, most of them unchanged.
	 * Tests set the page's number and whether something moves next to the text. It records when pages were turned.
	 */
	probe.sharePage = () => {
		const page = (probe.page = { number: 0, moves: false, turned: [] });
		MediaDevices.prototype.getDisplayMedia = async () => {
			const canvas = Object.assign(document.createElement('canvas'), { width: PAGE.width, height: PAGE.height });
			const context = canvas.getContext('2d', { alpha: false });
			let turn = 0;
			let drawn;
			setInterval(() => {
				if (drawn !== page.number) {
					drawText(context, (drawn = page.number));
					page.turned.push({ number: drawn, at: Date.now() });
				}
				turn++;
				const x = PAGE.margin + PAGE.column + 20;
				context.fillStyle = turn % 30 < 15 ? '#1a1a1a' : '#fff';
				context.fillRect(x, 60, 2, 18); // a cursor
				context.fillStyle = turn % 2 ? '#fff' : '#fefefe';
				context.fillRect(x, 20, 2, 2);
				if (!page.moves) return;
				context.fillStyle = '#fff';
				context.fillRect(x, 100, 400, 500);
				for (let i = 0; i < 12; i++) {
					context.fillStyle = `hsl(${i * 30} 60% 50%)`;
					context.fillRect(x + 170 + 150 * Math.sin(turn / (9 + i) + i), 320 + 180 * Math.cos(turn / 13 + i), 50, 50);
				}
			}, 33);
			return canvas.captureStream(30);
		};
	};

	/**
	 * How a shared page looks here: the video's width, the page's number, and how close its text is to what was drawn, in
	 * dB: blurred to half its size it has 15, from 24 on it is easy to read.
	 */
	let looked;
	let reference;
	probe.pageSeen = () => {
		const video = document.querySelector('[data-share-of] video');
		if (!video || video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return null;
		const area = [PAGE.margin, PAGE.margin - 20, 640, 400];
		const contextOf = () => new OffscreenCanvas(PAGE.width, PAGE.height).getContext('2d', { willReadFrequently: true });
		looked ??= contextOf();
		looked.drawImage(video, 0, 0, PAGE.width, PAGE.height);
		let number = 0;
		for (let i = 0; i < PAGE.bits; i++) {
			const [red] = looked.getImageData(PAGE.margin + (i + 0.5) * PAGE.bit, 8 + PAGE.bit / 2, 1, 1).data;
			if (red < 128) number |= 1 << i;
		}
		if (reference?.number !== number) {
			const drawn = contextOf();
			drawText(drawn, number);
			reference = { number, data: drawn.getImageData(...area).data };
		}
		const { data } = reference;
		const now = looked.getImageData(...area).data;
		let squares = 0;
		for (let i = 1; i < now.length; i += 4) squares += (now[i] - data[i]) ** 2; // green is most of what eyes see
		return { width: video.videoWidth, number, db: 10 * Math.log10(255 ** 2 / (squares / (now.length / 4) + 1e-9)) };
	};

	/** The colour in the upper left corner of a picture at this address, and its size. */
	probe.colourOf = async (url) => {
		const image = new Image();
		image.src = url;
		await image.decode();
		const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
		const context = canvas.getContext('2d');
		context.drawImage(image, 0, 0);
		const [red, green, blue] = context.getImageData(20, 20, 1, 1).data;
		return { red, green, blue, width: canvas.width, height: canvas.height };
	};

	/** Whether the page plays a peer's audio audibly. */
	probe.plays = (peerId) => {
		const audio = document.querySelector(`audio[data-peer-id="${peerId}"]`);
		return Boolean(audio?.srcObject?.active) && !audio.paused && !audio.muted && audio.volume > 0;
	};

	/** Watches a peer's video, until stop() returns what was seen. */
	probe.watch = (peerId) => {
		const samples = [];
		const timer = setInterval(async () => {
			const video = (await window.amphi.stats()).video.find((entry) => entry.peerId === peerId);
			if (video) samples.push({ at: performance.now(), ...video });
		}, 100);
		probe.stop = () => {
			clearInterval(timer);
			let longestGap = 0;
			let longestBlind = 0; // between two samples, the limit of what can be known
			let last = samples[0];
			for (const [i, sample] of samples.entries()) {
				if (i > 0) longestBlind = Math.max(longestBlind, sample.at - samples[i - 1].at);
				if (sample.framesDecoded === last.framesDecoded) continue;
				longestGap = Math.max(longestGap, sample.at - last.at);
				last = sample;
			}
			const end = samples.at(-1);
			return {
				samples: samples.length,
				duration: end.at - samples[0].at,
				frames: end.framesDecoded - samples[0].framesDecoded,
				longestGap: Math.max(longestGap, end.at - last.at),
				longestBlind,
				lost: end.packetsLost - samples[0].packetsLost,
			};
		};
	};
}
