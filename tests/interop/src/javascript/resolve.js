// What the AWS SDK for JavaScript finds in its environment: the credentials, or why not, as JSON.

const { fromNodeProviderChain } = require("@aws-sdk/credential-providers");

fromNodeProviderChain()().then(
    (found) =>
        console.log(
            JSON.stringify({
                keys: [found.accessKeyId, found.secretAccessKey, found.sessionToken],
                account_id: found.accountId,
                expiration: found.expiration,
            }),
        ),
    (error) => console.log(JSON.stringify({ error: `${error.name}: ${error.message}` })),
);
