// bucket.mjs PORT FOLDER: a server that speaks S3, with the bucket "recordings", its objects in FOLDER. The key id and the
// secret are both S3RVER.
import S3rver from '@20minutes/s3rver';

const [port, directory] = process.argv.slice(2);
const server = new S3rver({
	address: '127.0.0.1',
	port: Number(port),
	silent: true,
	directory,
	configureBuckets: [{ name: 'recordings' }],
});
await server.run();
console.log('ready');
