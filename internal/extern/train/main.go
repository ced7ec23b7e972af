// Command train takes ten steps of the quickstart in the folder that it is given.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/goclip/goclip"
	"github.com/goclip/goclip/configs"
)

func main() {
	config, err := configs.Load("quickstart",
		[]string{"train.steps=10", "optim.warmup=1", "world.draw.train=2560"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	result, err := goclip.Train(context.Background(), config, os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(result.Step, "steps:", result.Weights)
}
